"""THE WAY IN: reading files, mapping other systems' records, checking, masking, enriching, appending."""
