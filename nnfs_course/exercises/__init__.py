"""What is checked in each exercise, and in each function of the course: one module a notebook."""
