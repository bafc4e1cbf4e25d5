// Package supportgrant lets an application's support staff read a customer's data while, and only while, the customer grants it.
package supportgrant
