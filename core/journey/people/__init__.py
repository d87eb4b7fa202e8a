"""What people are asked by link: to vote, to write questions, to judge results."""
