"""What one person may do with one works: the one door behind HTTP, agents and pages (`desk.Desk`)."""
