"""Fine-tuning: a base model, a dataset and labels become a model that searches better."""
