// Package rbactest is what you test your own use of package rbac with.
//
// [Matrix], [Routes] and [Fields] keep what your application allows in files beside your tests, so that every change of it
// is a change of a file that somebody reviews: who has which permission, which route asks for what, which fields leave.
//
//	func TestWhatIsAllowedIsWhatWasAgreedOn(t *testing.T) {
//		rbactest.Matrix(t, app.Access, "testdata/roles.golden")
//		rbactest.Routes(t, app.Mux(), "testdata/routes.golden")
//		rbactest.Fields(t, "testdata/fields.golden", app.PublicOrder, app.PublicProduct)
//	}
//
// A test that fails shows the lines that differ. With BAILIWICK_UPDATE=1 in the environment the files are written instead, and also with
// -update if your tests have such a flag: this package defines none.
//
// [Store] is the executable contract of [rbac.Store], for who writes one.
package rbactest
