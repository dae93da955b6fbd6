"""The ``gateway`` command. Shows and asks; every act is a function of ``gateway.operations``."""
