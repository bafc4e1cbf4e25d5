package main

func Example() {
	main()
	// Output:
	// alder sees: [a secret of alder]
	// and as birch: tenantdb: context and transaction belong to different tenants
}
