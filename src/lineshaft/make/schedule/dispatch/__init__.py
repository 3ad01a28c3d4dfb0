"""From priorities to a timetable."""
