"""What every Bellwire service needs and none is: broker, database, web, identity, clock, running."""
