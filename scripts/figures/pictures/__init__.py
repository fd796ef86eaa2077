"""Pictures made for one loss or one comparison, a module each; all are imported on sight."""
