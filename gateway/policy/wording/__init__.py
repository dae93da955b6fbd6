"""A decision in the words of the people who act on it: English, Chinese and Japanese."""
