"""Reports: charts, the decision pack, model cards, model archives."""
