"""The product with one of its duties taken away, to see what that duty costs; never the figure, never shipped."""
