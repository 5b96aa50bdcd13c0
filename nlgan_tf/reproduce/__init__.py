"""The paper's evaluation: table 1 as a resumable grid, and figure 3."""
