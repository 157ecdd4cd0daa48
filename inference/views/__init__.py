"""Pages of knowledge, and of the models of the installation."""
