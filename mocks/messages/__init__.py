"""What partners say to each other: requests and answers, as typed structs."""
