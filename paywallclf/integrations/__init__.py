"""Steps for the engines that people run: each module here needs the package that it is named after, and an extra installs it."""
