"""How single CRMs are spoken to, all behind one Protocol (model.py)."""
