"""``python -m gateway`` is the ``gateway`` command."""

from gateway.bootstrap import main

main()
