// Package consent decides what may be done with a visitor's device and data before they said yes, which is nothing that is not
// essential, and after.
//
// It is being built: so far it holds the vocabulary of policies ([Policy], [Purpose], [Category]), [Compile], which checks them, the
// table of laws ([Regimes]), and the rule of decision ([Decide]).
package consent
