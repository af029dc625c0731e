"""HubSpot: customers are its contacts, our ids a property that it keeps unique."""
