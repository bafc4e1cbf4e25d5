package audit

// TimeSlack is timeSlack, for tests from outside.
const TimeSlack = timeSlack
