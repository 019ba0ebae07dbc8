"""How the residual of one risk came about, step by step, so that an auditor can recompute it by hand."""
