-- `usage` sums the days by month: read in this order, without sorting some thousand rows at each start.
CREATE INDEX day_counts_of_month ON day_counts (municipality, substr(day, 1, 7), state, day, messages);
