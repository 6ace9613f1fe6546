-- What is unknown or held is asked for by every list and by usage, and is little beside all there is.
CREATE INDEX mailing_counts_unsettled ON mailing_counts (mailing) WHERE state IN ('unknown', 'held');
