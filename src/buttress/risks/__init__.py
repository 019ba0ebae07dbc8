"""Risks, the starter library of them, published base rates and threat catalogues."""
