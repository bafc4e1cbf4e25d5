package retention

// Back is back, for the tests of this package.
var Back = back
