"""How the shipped model is made: sources, labelled documents, fit, evaluation, card."""
