"""Commands that compare, study and measure speed."""
