"""Where each mutant was caught last (`pytest tests/model/test_mutants.py -rP` prints the seeds).

Only where to look first: a search follows if the services or the histories changed since.
"""

CAUGHT_AT = {
    "a_cancelled_paid_order_keeps_the_money": 2,
    "a_cart_is_taken_at_any_version": 6,
    "a_give_back_leaves_no_tombstone": 197,
    "a_rejected_order_keeps_the_cart": 0,
    "a_take_leaves_the_lines_in_the_cart": 0,
    "r11_captured_money_is_kept_without_asking": 30,
    "r12_old_charges_are_repeated": 97,
    "r12_silence_of_the_processor_means_declined": 9,
    "r17_half_placed_orders_are_left_alone": 0,
    "r17_messages_are_delivered_at_most_once": 0,
    "r18_a_release_leaves_no_tombstone": 155,
    "r18_released_stock_can_be_sold": 80,
    "r1_a_cart_is_given_back_each_time": 4,
    "r1_an_order_is_paid_from_any_state": 30,
    "r1_an_order_is_placed_from_any_state": 63,
    "r1_orders_move_from_any_state": 56,
    "r1_payments_move_from_any_state": 554,
    "r1_reservations_move_from_any_state": 51,
    "r2_cancelling_an_unknown_order_leaves_no_tombstone": 1,
    "r4_rejected_is_told_before_the_cart_is_back": 20,
    "r5_the_reserved_total_is_not_compared": 4,
    "r7_a_claim_is_not_durable": 28,
    "r7_claimed_orders_expire": 48,
    "r7_overdue_orders_can_be_claimed": 568,
    "r8_a_dead_payment_of_an_unknown_order_is_forgotten": 128,
    "r9_a_declined_payment_is_not_reported": 18,
}
