"""The parts of the Learn page: the list of lessons, a lesson's steps, and what their trainings show."""
