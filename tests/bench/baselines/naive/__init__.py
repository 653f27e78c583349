"""A chat as every tutorial of Channels builds it: AsyncJsonWebsocketConsumer, one group for each team, group_send.

Its messages are rows; who has got them is nobody's business, nothing is authorized but the log-in, and there is no
trail. On daphne, with channels-redis' pub/sub layer.
"""
