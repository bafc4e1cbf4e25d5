package discover

// ClassNames is for tests.
var ClassNames = classNames
