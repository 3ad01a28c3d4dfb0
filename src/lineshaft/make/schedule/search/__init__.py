"""Better and better timetables."""
