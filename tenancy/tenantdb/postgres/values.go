package postgres

import (
	"database/sql/driver"
	"encoding/hex"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// sqlRows hands rows to database/sql, whose values are int64, float64, bool, []byte, string and
// time.Time. Numbers without a Go counterpart, UUIDs, arrays and the like come as the text Postgres writes;
// intervals as pgx writes them.
type sqlRows struct {
	rows   pgx.Rows
	fields []pgconn.FieldDescription
	types  *pgtype.Map
	first  bool // the first row has been read, and not handed over
}

func newSQLRows(r pgx.Rows, first bool) *sqlRows {
	return &sqlRows{rows: r, fields: r.FieldDescriptions(), types: r.TypeMap(), first: first}
}

func (r *sqlRows) Columns() []string {
	names := make([]string, len(r.fields))
	for i := range r.fields {
		names[i] = r.fields[i].Name
	}
	return names
}

// ColumnTypeDatabaseTypeName implements [driver.RowsColumnTypeDatabaseTypeName].
func (r *sqlRows) ColumnTypeDatabaseTypeName(i int) string {
	if t, ok := r.types.TypeForOID(r.fields[i].DataTypeOID); ok {
		return strings.ToUpper(t.Name)
	}
	return ""
}

func (r *sqlRows) Close() error {
	r.rows.Close()
	return r.rows.Err()
}

func (r *sqlRows) Next(dest []driver.Value) error {
	if r.first {
		r.first = false
	} else if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, raw := range r.rows.RawValues() {
		var err error
		if dest[i], err = value(r.types, r.fields[i], raw); err != nil {
			return translate(err)
		}
	}
	return nil
}

// value is the driver's value of one column. raw is only valid until the next row.
func value(m *pgtype.Map, f pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	binary := f.Format == pgtype.BinaryFormatCode
	switch f.DataTypeOID {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID:
		return string(raw), nil
	case pgtype.JSONOID:
		return append([]byte(nil), raw...), nil
	case pgtype.JSONBOID:
		if binary {
			raw = raw[1:] // its version
		}
		return append([]byte(nil), raw...), nil
	case pgtype.UUIDOID:
		if binary && len(raw) == 16 {
			return uuidText(raw), nil
		}
	case pgtype.NumericOID:
		if binary {
			return numericText(m, raw)
		}
	}
	if !binary && !isGo[f.DataTypeOID] {
		return string(raw), nil
	}
	t, ok := m.TypeForOID(f.DataTypeOID)
	if !ok {
		return string(raw), nil
	}
	if isGo[f.DataTypeOID] {
		return t.Codec.DecodeDatabaseSQLValue(m, f.DataTypeOID, f.Format, raw)
	}
	v, err := t.Codec.DecodeValue(m, f.DataTypeOID, f.Format, raw)
	if err != nil {
		return nil, err
	}
	b, err := m.Encode(f.DataTypeOID, pgtype.TextFormatCode, v, nil)
	text := string(b)
	switch f.DataTypeOID { // where pgx writes more than Postgres does
	case pgtype.TimeOID:
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	case pgtype.InetOID:
		host := "/32"
		if strings.Contains(text, ":") {
			host = "/128"
		}
		text = strings.TrimSuffix(text, host)
	}
	return text, err
}

// isGo are the types that have a driver.Value of their own.
var isGo = map[uint32]bool{
	pgtype.BoolOID: true, pgtype.ByteaOID: true, pgtype.Int2OID: true, pgtype.Int4OID: true, pgtype.Int8OID: true,
	pgtype.OIDOID: true, pgtype.Float4OID: true, pgtype.Float8OID: true, pgtype.DateOID: true,
	pgtype.TimestampOID: true, pgtype.TimestamptzOID: true,
}

func uuidText(b []byte) string {
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	out[8] = '-'
	hex.Encode(out[9:13], b[4:6])
	out[13] = '-'
	hex.Encode(out[14:18], b[6:8])
	out[18] = '-'
	hex.Encode(out[19:23], b[8:10])
	out[23] = '-'
	hex.Encode(out[24:], b[10:])
	return string(out[:])
}

// numericText writes a binary numeric as Postgres does: plain digits with dscale places.
func numericText(m *pgtype.Map, raw []byte) (driver.Value, error) {
	var n pgtype.Numeric
	if err := m.Scan(pgtype.NumericOID, pgtype.BinaryFormatCode, raw, &n); err != nil {
		return nil, err
	}
	switch {
	case n.NaN:
		return "NaN", nil
	case n.InfinityModifier == pgtype.Infinity:
		return "Infinity", nil
	case n.InfinityModifier == pgtype.NegativeInfinity:
		return "-Infinity", nil
	}
	scale := int(raw[6])<<8 | int(raw[7]) // digits after the point that Postgres shows
	digits, sign := n.Int.String(), ""
	if digits[0] == '-' {
		digits, sign = digits[1:], "-"
	}
	if n.Exp > 0 {
		digits += strings.Repeat("0", int(n.Exp))
	}
	places := max(0, -int(n.Exp))
	if len(digits) <= places {
		digits = strings.Repeat("0", places-len(digits)+1) + digits
	}
	whole, frac := digits[:len(digits)-places], digits[len(digits)-places:]
	if len(frac) < scale {
		frac += strings.Repeat("0", scale-len(frac))
	}
	if frac = frac[:min(len(frac), max(scale, 0))]; frac != "" {
		whole += "." + frac
	}
	return sign + whole, nil
}
