package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestColumnsOfDigitsHideNothingThatStandsAloneAmongThem(t *testing.T) {
	t.Parallel()
	for _, number := range []string{
		"4111 1111 " + "1111 1111", "3782 822463 " + "10005", "1 212 555 " + "0142", "4111111111" + "111111", "DE89 3704 0044 " + "0532 0130 00",
	} {
		for _, column := range []string{"12 ", "123 ", "7 ", "06 12 ", "12345678 "} {
			row := strings.Repeat(column, 120)
			text := row + number + " " + row
			if strings.HasPrefix(number, "DE") || number[0] == '1' {
				text = row + "\n" + number + "\n" + row
			}
			var found []string
			for m := range Default().Find([]byte(text)) {
				found = append(found, text[m.Start:m.End])
			}
			require.Equal(t, []string{number}, found, column)
		}
	}
}
