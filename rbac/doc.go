// Package rbac decides who may do what in a tenant.
package rbac
