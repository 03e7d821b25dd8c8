"""What all five services share on the wire: requests and answers, trust, idempotency, peers, health."""
