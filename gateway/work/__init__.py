"""Due work: submitted, claimed with a fence, done; nothing is lost when a worker dies."""
