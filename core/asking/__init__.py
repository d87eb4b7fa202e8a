"""What people and models are asked: questions to write, results to judge."""
