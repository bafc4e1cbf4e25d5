package rbac

// Team is the preset of an application in which a team works together: see [TeamOf]. Admin is the [Owner].
type Team struct{ Admin, Editor, Viewer Role }

// TeamOf declares the roles admin, editor and viewer over the application's own groups of permissions. An editor can what a
// viewer can, and an admin everything: the admin is the [Owner].
func TeamOf(c *Catalog, view, edit Permissions) Team {
	var t Team
	t.Viewer = c.Role("viewer", Describe("Looks, and changes nothing"), view)
	t.Editor = c.Role("editor", Describe("Looks and changes"), t.Viewer, edit)
	t.Admin = c.Role("admin", Describe("Everything, and who has which role"), Everything, Owner)
	return t
}

// Data is the preset of an application that collects data and reports on them: see [DataOf]. Admin is the [Owner].
type Data struct{ Admin, Manager, Reporting, Machine Role }

// DataOf declares the roles admin, manager, reporting and machine over the application's own groups of permissions. A manager can
// what reporting can, and an admin everything: the admin is the [Owner]. The role machine has its own group and no other, and
// people never have it.
func DataOf(c *Catalog, report, manage, machine Permissions) Data {
	var d Data
	d.Reporting = c.Role("reporting", Describe("Reads reports"), report)
	d.Manager = c.Role("manager", Describe("Reads reports and manages what they are made of"), d.Reporting, manage)
	d.Admin = c.Role("admin", Describe("Everything, and who has which role"), Everything, Owner)
	d.Machine = c.Role("machine", Describe("An integration"), machine, ForMachines)
	return d
}
