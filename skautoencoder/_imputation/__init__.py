"""How the imputer fills: a normal distribution first, then rounds of an autoencoder."""
