"""Charging slots booked ahead, both sides of it (OCPI 2.3.0 §mod_bookings)."""

from voltroam.roaming.booking.asking import Bookings
from voltroam.roaming.booking.desk import Desk
from voltroam.roaming.booking.ports import BookingOrder, Books

__all__ = ["BookingOrder", "Bookings", "Books", "Desk"]
