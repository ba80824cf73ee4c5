/* Thresholds of the t change-point chart by number of values and hazard; the numbers are made by a simulation. */
#ifndef LEEWAY_MODELS_CHANGEPOINT_TABLE_H
#define LEEWAY_MODELS_CHANGEPOINT_TABLE_H

#define LW_CHANGEPOINT_TABLE_ROWS    21
#define LW_CHANGEPOINT_TABLE_HAZARDS 11

struct lw_changepoint_table {
    double n[LW_CHANGEPOINT_TABLE_ROWS];       /* values seen, ascending from LW_CHANGEPOINT_FIRST */
    double runs[LW_CHANGEPOINT_TABLE_HAZARDS]; /* one false alarm per that many values, ascending */
    double score[LW_CHANGEPOINT_TABLE_ROWS][LW_CHANGEPOINT_TABLE_HAZARDS]; /* normal scores of |t| */
};

extern const struct lw_changepoint_table lw_changepoint_table;

#endif
