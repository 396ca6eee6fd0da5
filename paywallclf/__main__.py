"""`python -m paywallclf`: the command line without an installed script."""

from paywallclf.cli import main

main()
