"""Records of particular programs: help desks, messengers, chatbots, JSON that is not quite JSON."""
