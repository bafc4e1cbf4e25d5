// Package supportgrantsql keeps support grants in SQLite or Postgres, beside the data that they give.
package supportgrantsql
