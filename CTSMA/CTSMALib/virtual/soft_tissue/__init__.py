"""What surrounds the bones of virtual knees: cartilage, menisci, fluid, tendons, muscle, fat and skin."""
