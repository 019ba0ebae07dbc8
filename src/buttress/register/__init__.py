"""The whole register: a folder of files read strictly, checked, and turned into the snapshot that figures come from."""
