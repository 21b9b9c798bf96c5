"""WHO: users, groups, roles and tenants over time; viewers and what they may see."""
