"""Why a delivery has its status: a stable key with parameters, said in French and in English."""
