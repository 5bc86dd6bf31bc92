module breakeven

go 1.26
