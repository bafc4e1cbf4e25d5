// Package rbactest is what you test your own use of package rbac with. [Store] is the executable contract of [rbac.Store], for
// who writes one.
package rbactest
