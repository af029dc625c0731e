"""The leak board: which customers wait or are nobody's, why, and what one press would do."""
