// Package archtest holds no code: its tests prove that the packages of this
// repository import each other, and the world, as the plan of the house says.
package archtest
