"""What keeps the data: copies in another region, backup vaults and plans, restore tests, and buckets for exports."""
