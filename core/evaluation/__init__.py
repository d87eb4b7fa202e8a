"""From rankings to a verdict: metrics, paired statistics, generality, promotion."""
